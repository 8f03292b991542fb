import type { Browser } from 'playwright-core';
export function browserPath(): string | null;
export function launch(): Promise<Browser>;
export function pageWith(id: string, value: unknown): string;
export function writePage(documents: unknown): { url: string; remove: () => void };
export function documentsFrom(folders: string[]): { id: string; name: string; document: unknown }[];
