package tandem

import (
	"context"
	"encoding/json"
	"log/slog"
)

// The levels of log messages beyond those of slog, as syslog and MCP have them
// (RFC 5424 section 6.2.1).
const (
	LevelNotice    slog.Level = 2
	LevelCritical  slog.Level = 12
	LevelAlert     slog.Level = 16
	LevelEmergency slog.Level = 20
)

// LogMessage is something that a handler tells its caller.
type LogMessage struct {
	Level slog.Level
	// Data is JSON: the text, or an object of the text under "msg" and the
	// attributes.
	Data json.RawMessage
}

type logKey struct{}

// Log tells the caller of this call something: an MCP client that asked for
// messages of that level sees it while the call runs; for every other caller it
// does nothing. args are attributes as slog has them. It is not the service's log:
// write nothing that the caller may not read.
func Log(ctx context.Context, level slog.Level, message string, args ...any) {
	sink, ok := ctx.Value(logKey{}).(func(LogMessage))
	if !ok {
		return
	}
	sink(LogMessage{Level: level, Data: logData(message, args)})
}

// logData encodes what is told. A value that has no JSON is told as text.
func logData(message string, args []any) json.RawMessage {
	if len(args) == 0 {
		return marshal(message)
	}
	members := map[string]json.RawMessage{}
	r := slog.Record{}
	r.Add(args...)
	r.Attrs(func(a slog.Attr) bool {
		members[a.Key] = attrJSON(a.Value.Resolve())
		return true
	})
	members["msg"] = marshal(message)
	return marshal(members)
}

// attrJSON encodes the value of an attribute: as slog does, a group as an object
// and an error by its text.
func attrJSON(v slog.Value) json.RawMessage {
	if v.Kind() == slog.KindGroup {
		members := map[string]json.RawMessage{}
		for _, a := range v.Group() {
			members[a.Key] = attrJSON(a.Value.Resolve())
		}
		return marshal(members)
	}
	_, encodes := v.Any().(json.Marshaler)
	if err, ok := v.Any().(error); ok && !encodes {
		return marshal(err.Error())
	}
	value, err := json.Marshal(v.Any())
	if err != nil {
		return marshal(v.String())
	}
	return value
}

// WithLog returns a context whose messages go to sink, which may be called from
// several goroutines at once. Doors use it, and tests of handlers.
func WithLog(ctx context.Context, sink func(LogMessage)) context.Context {
	return context.WithValue(ctx, logKey{}, sink)
}
