export function writeLarge(folder: string, rows: number): Promise<string>;
