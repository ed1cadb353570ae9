// Package archtest holds the module's architecture as tests: which package may
// import which, which imports are banned and why, and that no dependency's types
// leak into a public API. It has tests only.
package archtest
