// The dashboard in a frame of its own. Its requests go to the session that made the assessment, over the widget's channel.
function render({ model, el }) {
  const frame = document.createElement('iframe');
  frame.title = 'Assessment';
  frame.sandbox.add('allow-scripts', 'allow-forms', 'allow-downloads', 'allow-popups');
  frame.allow = 'clipboard-write';
  frame.style.cssText = 'width:100%;border:1px solid #ccc';
  frame.style.height = model.get('height');
  frame.srcdoc = model.get('_page');
  const resize = () => (frame.style.height = model.get('height'));
  // Several views of one widget ask over the same channel: answers find the frame that asked.
  const view = Math.random().toString(36).slice(2);
  const ask = (event) => {
    const asked = event.source === frame.contentWindow ? event.data?.equipoise : undefined;
    if (asked) model.send({ view, ...asked });
  };
  const answer = (told) => {
    if (told?.view === view) frame.contentWindow?.postMessage({ equipoise: told }, '*');
  };
  window.addEventListener('message', ask);
  model.on('msg:custom', answer);
  model.on('change:height', resize);
  el.append(frame);
  return () => {
    window.removeEventListener('message', ask);
    model.off('msg:custom', answer);
    model.off('change:height', resize);
    frame.remove();
  };
}

export default { render };
