'use client';
import { openModel } from 'espalier/predict';
import { useState } from 'react';

/** The same model in the tab, from public/model.bundle, and on the server. */
export default function Page() {
  const [found, setFound] = useState('');
  const inTab = async (file) => {
    const model = await openModel('/model.bundle');
    return { runtime: model.runtime, found: await model.predict(file) };
  };
  const onServer = async (file) => (await fetch('/predict', { method: 'POST', body: file })).json();
  const look = async ({ target }) => {
    const [file] = target.files;
    const answers = await Promise.all([inTab(file), onServer(file)]);
    setFound(answers.map(({ runtime, found: objects }) => `${runtime}: ${objects?.length} found`).join('\n'));
  };
  return (
    <main>
      <input type="file" accept="image/*" onChange={look} />
      <pre>{found}</pre>
    </main>
  );
}
