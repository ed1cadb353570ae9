package session

import (
	"strconv"
	"strings"
)

// Standing is the stream that lives as long as its session: what the server
// sends on its own account, and all output of a legacy SSE session.
const Standing = "0"

// EventID returns the SSE event id "<stream>_<n>".
func EventID(stream string, n uint64) string {
	return string(AppendEventID(nil, stream, n))
}

// AppendEventID appends the event id to dst.
func AppendEventID(dst []byte, stream string, n uint64) []byte {
	dst = append(dst, stream...)
	dst = append(dst, '_')
	return strconv.AppendUint(dst, n, 10)
}

// ParseEventID is the inverse of EventID: it accepts nothing that EventID does
// not return for some stream with a name. Number 0 is the start of a stream.
func ParseEventID(id string) (stream string, n uint64, ok bool) {
	i := strings.LastIndexByte(id, '_')
	if i <= 0 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(id[i+1:], 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != id[i+1:] {
		return "", 0, false
	}
	return id[:i], n, true
}
