// What a person chose, kept for this tab only and forgotten with it. Both docs
// pages share it, so that one key serves both doors.

const prefix = "tandem-docs:";

const item = (name, otherwise) => ({
  get: () => sessionStorage.getItem(prefix + name) ?? otherwise,
  set: (value) => (value ? sessionStorage.setItem(prefix + name, value) : sessionStorage.removeItem(prefix + name)),
  enumerable: true,
});

export const remembered = Object.defineProperties({}, { key: item("key", ""), era: item("era", "auto") });
