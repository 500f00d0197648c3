// What the bundled kernel layer calls of node:util; Node 23 removed these two functions.
exports.isNullOrUndefined = (value) => value === null || value === undefined;
exports.isArray = Array.isArray;
