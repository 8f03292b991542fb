/** Keeps a fault in one part from taking the page with it. */
import { Component, type ReactNode } from 'react';
import { Words } from '../i18n';

interface Props {
  children: ReactNode;
  /** Changes when what is shown is another thing, so that it is tried again. */
  name: string;
}

export class Boundary extends Component<Props, { fault: Error | null; name: string }> {
  override state: { fault: Error | null; name: string } = { fault: null, name: this.props.name };
  static override contextType = Words;
  declare context: React.ContextType<typeof Words>;

  static getDerivedStateFromError(fault: Error): { fault: Error } {
    return { fault };
  }

  static getDerivedStateFromProps(
    props: Props,
    state: { name: string },
  ): { fault: null; name: string } | null {
    return props.name === state.name ? null : { fault: null, name: props.name };
  }

  override render(): ReactNode {
    const { fault } = this.state;
    if (!fault) return this.props.children;
    return (
      <div className="problem" role="alert">
        <p>{this.context('broken_view')}</p>
        <p className="soft">{fault.message}</p>
      </div>
    );
  }
}
