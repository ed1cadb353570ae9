package rest

import (
	"fmt"
	"path"
	"strings"
	"time"
)

// Config varies a [Handler]. Its zero value is fit for use.
type Config struct {
	// Prefix is the path below which the operations' routes hang; empty means
	// "/api/v1", and "/" means none.
	Prefix string
	// MaxBody is the size in bytes of the largest request body; zero means 4 MiB.
	MaxBody int64
	// Heartbeat is how long an event stream is silent before a comment shows
	// proxies that it lives; zero means 15 s.
	Heartbeat time.Duration
	// WriteTimeout bounds each write to an event stream, so that a caller that
	// does not read is let go; zero means 10 s.
	WriteTimeout time.Duration
	// ResourceMetadata is the URL of the protected-resource metadata (RFC 9728)
	// that challenges name; empty names none.
	ResourceMetadata string
	// HideForbidden answers a request for an operation that its caller may not use,
	// by its scopes or a policy, as if there were no such operation. By default it is
	// refused with what the caller lacks.
	HideForbidden bool
}

// withDefaults returns the configuration with zero values filled in, or says
// which field is wrong.
func (c Config) withDefaults() (Config, error) {
	if c.Prefix == "" {
		c.Prefix = "/api/v1"
	}
	switch {
	case c.Prefix != path.Clean(c.Prefix) || c.Prefix[0] != '/' || strings.ContainsAny(c.Prefix, "{}%?# \t"):
		return c, fmt.Errorf("rest: Prefix %q must be a plain path such as /api/v1, without a slash at its end", c.Prefix)
	case c.MaxBody < 0:
		return c, fmt.Errorf("rest: MaxBody %d is negative", c.MaxBody)
	case c.Heartbeat < 0:
		return c, fmt.Errorf("rest: Heartbeat %v is negative", c.Heartbeat)
	case c.WriteTimeout < 0:
		return c, fmt.Errorf("rest: WriteTimeout %v is negative", c.WriteTimeout)
	}
	if c.Prefix == "/" {
		c.Prefix = ""
	}
	if c.MaxBody == 0 {
		c.MaxBody = 4 << 20
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = 15 * time.Second
	}
	if c.WriteTimeout == 0 {
		c.WriteTimeout = 10 * time.Second
	}
	return c, nil
}
