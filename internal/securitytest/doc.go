// Package securitytest holds what a service must withstand, as one table of numbered
// cases: forged and stolen credentials, foreign sessions, other people's web
// pages, hostile bodies, and callers that exhaust. [TestSecurity] runs each case
// through every door and transport where it has a meaning, against a server that
// listens on TCP. A case passes only if the same request made right passes too.
package securitytest
