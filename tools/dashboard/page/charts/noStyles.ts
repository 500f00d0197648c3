/** What tfjs-vis calls instead of glamor (tools/build.mjs), which writes style elements: the page has its own style sheet. */
export const css = (): string => '';
