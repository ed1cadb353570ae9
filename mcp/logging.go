package mcp

import (
	"log/slog"
	"sync"

	"github.com/tandem-go/tandem"
)

// logLevels are MCP's, 2025-11-25, section "Log Levels".
var logLevels = [...]struct {
	name  string
	level slog.Level
}{
	{"debug", slog.LevelDebug},
	{"info", slog.LevelInfo},
	{"notice", tandem.LevelNotice},
	{"warning", slog.LevelWarn},
	{"error", slog.LevelError},
	{"critical", tandem.LevelCritical},
	{"alert", tandem.LevelAlert},
	{"emergency", tandem.LevelEmergency},
}

// logLevel returns the level of this name.
func logLevel(name string) (level slog.Level, ok bool) {
	for _, l := range logLevels {
		if l.name == name {
			return l.level, true
		}
	}
	return 0, false
}

// logLevelName returns the name of the highest level that is not above this one.
func logLevelName(level slog.Level) string {
	name := logLevels[0].name
	for _, l := range logLevels {
		if l.level <= level {
			name = l.name
		}
	}
	return name
}

// logLevel returns the level from which the caller wants to be told: of the
// session, or of a modern request by itself. wants is false for a caller that has
// not asked. The error is a *rpcError.
func (x *exchange) logLevel() (level slog.Level, wants bool, err error) {
	name := ""
	switch raw := x.msg.params.meta.logLevel; {
	case !x.modern():
		if x.record != nil {
			name = x.record.LogLevel
		}
	case raw != nil:
		var ok bool
		if name, ok = text(raw); !ok || name == "" {
			return 0, false, invalidParams(metaLogLevel + " must be a log level")
		}
	}
	if name == "" {
		return 0, false, nil
	}
	level, ok := logLevel(name)
	if !ok {
		return 0, false, invalidParams("unknown log level")
	}
	return level, true, nil
}

// talk turns what a handler tells into log notifications, until the answer.
type talk struct {
	least  slog.Level
	notify func(notification []byte)

	mu      sync.Mutex
	stopped bool
}

// tell sends the message if it is of a level that is wanted. Several goroutines
// may call it.
func (t *talk) tell(m tandem.LogMessage) {
	if m.Level < t.least {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.stopped {
		t.notify(logNotification(m))
	}
}

// stop ends the messages; when it returns none is under way.
func (t *talk) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
}

func logNotification(m tandem.LogMessage) []byte {
	b := append([]byte(nil), `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"`...)
	b = append(append(b, logLevelName(m.Level)...), `","data":`...)
	return append(append(b, m.Data...), "}}"...)
}
