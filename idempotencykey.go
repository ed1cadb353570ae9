package tandem

import (
	"net/http"
	"strings"
)

// The headers of idempotency keys over HTTP, on both doors.
const (
	// IdempotencyKeyHeader carries the caller's name for a call
	// (draft-ietf-httpapi-idempotency-key-header).
	IdempotencyKeyHeader = "Idempotency-Key"
	// IdempotencyReplayedHeader is "true" on the answer that an earlier try had.
	IdempotencyReplayedHeader = "Idempotency-Replayed"
)

// IdempotencyKeyFrom returns the key that a request's header carries for a call,
// see [Call.IdempotencyKey]; empty if it carries none. The draft has it as a quoted
// string; without quotes it is taken as well, since most clients send it so. The
// error is an InvalidArgument.
func IdempotencyKeyFrom(header http.Header) (string, error) {
	values := header[IdempotencyKeyHeader]
	switch len(values) {
	case 0:
		return "", nil
	case 1:
	default:
		return "", Errorf(InvalidArgument, "there are %d headers %s; a call has one key", len(values), IdempotencyKeyHeader)
	}
	if key := unquoteKey(strings.TrimSpace(values[0])); key != "" {
		return key, nil
	}
	return "", Errorf(InvalidArgument, `%s must be a string of printable ASCII, such as "8e03978e-40d5-43e8-bc93-6894a57f9324"`, IdempotencyKeyHeader)
}

// unquoteKey returns the text of a string item (RFC 9651, section 3.3.3), or the
// value itself if it has no quotes; empty if it is neither.
func unquoteKey(value string) string {
	inner, quoted := strings.CutPrefix(value, `"`)
	if quoted {
		if inner, quoted = strings.CutSuffix(inner, `"`); !quoted {
			return ""
		}
	}
	var key strings.Builder
	for i := 0; i < len(inner); i++ {
		c := inner[i]
		if quoted && c == '\\' && i+1 < len(inner) && (inner[i+1] == '"' || inner[i+1] == '\\') {
			i++
			c = inner[i]
		} else if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return ""
		}
		key.WriteByte(c)
	}
	return key.String()
}
