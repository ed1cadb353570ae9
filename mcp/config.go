package mcp

import (
	"fmt"
	"time"

	"github.com/tandem-go/tandem/session"
)

// Config says how a door serves. The zero value of a field means the default
// that its comment states.
type Config struct {
	// Sessions holds the sessions of the legacy revisions; nil means an
	// in-memory store of the door's own, which Close closes.
	Sessions session.Store
	// Limits bound the sessions of the door's own store.
	Limits session.Limits
	// MessagesURL is what the endpoint event of the legacy SSE transport names:
	// where [Door.Messages] is reached, as a path or an absolute URL. Empty means
	// beside the stream as the client addressed it: …/sse has …/messages, and any
	// other path "/mcp/messages".
	MessagesURL string

	// HideForbidden leaves out of the lists what the caller's scopes do not allow,
	// and answers a call of it as if it did not exist. By default everything is
	// listed and such a call is refused with what it lacks.
	HideForbidden bool

	// ResourceMetadata is the URL of the protected-resource metadata (RFC 9728)
	// that challenges name; empty names none.
	ResourceMetadata string

	// NoRepair refuses numbers, booleans, arrays and objects that come as strings in
	// the arguments of a tool. By default they are taken where the schema takes no
	// string, since language models write them so.
	NoRepair bool

	// PageSize is the number of entries in a page of a list; default 250.
	PageSize int
	// ListTTL is how long a modern client may keep a list; default 5 minutes.
	ListTTL time.Duration

	// MaxBody is the size of a message in bytes, over which it is refused with
	// 413; default 4 MiB.
	MaxBody int64
	// MaxBatch is the number of messages in a batch; default 50.
	MaxBatch int
	// MaxStreams bounds the open streams in all (503 beyond); default 20,000.
	MaxStreams int
	// MaxStreamsPerPrincipal bounds those of one principal (429 beyond); default
	// 1,000. Where callers need no credentials they are one principal, if the
	// context has one, as package server sees to; else MaxStreams alone bounds them.
	MaxStreamsPerPrincipal int
	// MaxStdioCalls bounds the requests in flight over stdio, beyond which they
	// are refused; default 64.
	MaxStdioCalls int

	// AskTimeout is how long a handler of a session waits for the answer to a
	// question; default 10 minutes.
	AskTimeout time.Duration

	// Heartbeat is the time between two comments on a stream that has nothing
	// else to say, which keeps proxies from cutting it; default 15 s.
	Heartbeat time.Duration
	// WriteTimeout bounds each write to a stream, so that a client that does not
	// read is let go; default 30 s.
	WriteTimeout time.Duration
	// SweepEvery is the time between two sweeps of idle sessions; default 1
	// minute. It must be at most a third of the store's idle time.
	SweepEvery time.Duration
}

func (c Config) withDefaults() (Config, error) {
	if _, err := c.Limits.Resolved(); err != nil {
		return c, fmt.Errorf("mcp: Config.Limits: %w", err)
	}
	if c.MaxBody < 0 {
		return c, fmt.Errorf("mcp: Config.MaxBody is negative")
	}
	if c.MaxBody == 0 {
		c.MaxBody = 4 << 20
	}
	for _, f := range []struct {
		name  string
		field *int
		value int
	}{
		{"PageSize", &c.PageSize, 250},
		{"MaxBatch", &c.MaxBatch, 50},
		{"MaxStreams", &c.MaxStreams, 20_000},
		{"MaxStreamsPerPrincipal", &c.MaxStreamsPerPrincipal, 1_000},
		{"MaxStdioCalls", &c.MaxStdioCalls, 64},
	} {
		if err := setDefault(f.name, f.field, f.value); err != nil {
			return c, err
		}
	}
	for _, f := range []struct {
		name  string
		field *time.Duration
		value time.Duration
	}{
		{"ListTTL", &c.ListTTL, 5 * time.Minute},
		{"AskTimeout", &c.AskTimeout, 10 * time.Minute},
		{"Heartbeat", &c.Heartbeat, 15 * time.Second},
		{"WriteTimeout", &c.WriteTimeout, 30 * time.Second},
		{"SweepEvery", &c.SweepEvery, time.Minute},
	} {
		if err := setDefault(f.name, f.field, f.value); err != nil {
			return c, err
		}
	}
	return c, nil
}

func setDefault[T int | time.Duration](name string, field *T, value T) error {
	if *field < 0 {
		return fmt.Errorf("mcp: Config.%s is negative", name)
	}
	if *field == 0 {
		*field = value
	}
	return nil
}
