package mcp

import "slices"

// The revisions of MCP that the door speaks. Revisions are dates, so that they
// compare as text.
const (
	rev20241105 = "2024-11-05"
	rev20250326 = "2025-03-26"
	rev20250618 = "2025-06-18"
	rev20251125 = "2025-11-25"
	rev20260728 = "2026-07-28"
)

var (
	legacyRevisions = []string{rev20251125, rev20250618, rev20250326, rev20241105}
	allRevisions    = []string{rev20260728, rev20251125, rev20250618, rev20250326, rev20241105}
)

const allRevisionsJSON = `["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"]`

// Revisions returns the revisions of MCP that a door speaks, newest first.
func Revisions() []string { return slices.Clone(allRevisions) }

// isModern reports whether the revision, known or not, belongs to the era of
// per-request metadata, 2026-07-28, section "Terminology".
func isModern(revision string) bool { return revision >= rev20260728 }

// hasStructured reports whether the revision knows structured content.
func hasStructured(revision string) bool { return revision >= rev20250618 }

// hasBatches reports whether the revision has JSON-RPC batches: one does.
func hasBatches(revision string) bool { return revision == rev20250326 }

// negotiate returns the revision of a session whose client asks for wanted,
// 2025-11-25, section "Version Negotiation".
func negotiate(wanted string) string {
	if slices.Contains(legacyRevisions, wanted) {
		return wanted
	}
	return legacyRevisions[0]
}

// unsupportedVersion is the error of 2026-07-28, section "Protocol Version
// Negotiation".
func unsupportedVersion(requested string) *rpcError {
	data := []byte(`{"supported":` + allRevisionsJSON + `,"requested":`)
	data = append(appendString(data, clip([]byte(requested), 64)), '}')
	return &rpcError{code: codeUnsupportedVersion, message: "unsupported protocol version", data: data}
}
