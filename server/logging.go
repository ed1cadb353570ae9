package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// logging is how the program of [Main] logs.
type logging struct {
	level slog.Level
	json  bool
}

// loggingFromEnv reads LOG_LEVEL and LOG_FORMAT.
func loggingFromEnv(lookup func(string) (string, bool)) (logging, error) {
	var (
		l    logging
		errs []error
	)
	if v, _ := lookup("LOG_LEVEL"); v != "" {
		levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
		level, known := levels[strings.ToLower(v)]
		if !known {
			errs = append(errs, fmt.Errorf("LOG_LEVEL=%q: it takes debug, info, warn or error", v))
		}
		l.level = level
	}
	if v, _ := lookup("LOG_FORMAT"); v != "" {
		l.json = v == "json"
		if v != "json" && v != "text" {
			errs = append(errs, fmt.Errorf("LOG_FORMAT=%q: it takes text or json", v))
		}
	}
	return l, errors.Join(errs...)
}

// logger writes to w. Both formats escape control characters, so that nothing
// which a caller sent can forge a line or reach a terminal.
func (l logging) logger(w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: l.level, ReplaceAttr: redact}
	if l.json {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

const redacted = "REDACTED"

var (
	secretKey   = regexp.MustCompile(`(?i)^(authorization|cookie|set-cookie|.*token|.*secret|.*password|.*api[_-]?key|.*dsn)$`)
	secretValue = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/-]+=*`)
)

// redact keeps credentials out of the log, whoever logs them.
func redact(_ []string, a slog.Attr) slog.Attr {
	switch {
	case secretKey.MatchString(a.Key):
		return slog.String(a.Key, redacted)
	case a.Value.Kind() == slog.KindString && secretValue.MatchString(a.Value.String()):
		return slog.String(a.Key, secretValue.ReplaceAllString(a.Value.String(), "$1 "+redacted))
	}
	return a
}
