package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Transport says over which protocol a session's client speaks.
type Transport string

// The transports that have sessions.
const (
	SSE        Transport = "sse"        // HTTP+SSE of 2024-11-05
	Streamable Transport = "streamable" // Streamable HTTP of 2025-03-26 to 2025-11-25
)

// Record is what any replica must know to serve a session. Only ID and
// Transport are required.
type Record struct {
	ID        string    `json:"id"`                  // unguessable, chosen by the door
	Principal string    `json:"principal,omitempty"` // key of whoever opened it; who else presents the ID is refused
	Transport Transport `json:"transport"`

	ProtocolVersion string          `json:"protocolVersion,omitempty"` // negotiated; empty before initialize
	ClientInfo      json.RawMessage `json:"clientInfo,omitempty"`      // as the client sent it
	Capabilities    json.RawMessage `json:"capabilities,omitempty"`    // of the client, as it sent them
	Initialized     bool            `json:"initialized,omitempty"`     // notifications/initialized has come
	LogLevel        string          `json:"logLevel,omitempty"`        // of logging/setLevel; empty for never set
	Subscriptions   []string        `json:"subscriptions,omitempty"`   // resource URIs

	// Extra is the door's own; stores keep it and do not look into it.
	Extra map[string]json.RawMessage `json:"extra,omitempty"`

	Created  time.Time `json:"created"`  // set by the store
	LastSeen time.Time `json:"lastSeen"` // set by the store: the last sign of life
}

// Validate reports whether the record can be stored.
func (r *Record) Validate() error {
	if r.ID == "" {
		return errors.New("session: record has no ID")
	}
	if r.Transport != SSE && r.Transport != Streamable {
		return fmt.Errorf("session: record has unknown transport %q", r.Transport)
	}
	return nil
}

// Changed runs change on a copy of the record and returns the copy. It is
// [ErrBound] if change touched what is bound for the session's life. Drivers
// build their Update on it.
func (r *Record) Changed(change func(*Record) error) (*Record, error) {
	c := *r
	c.Subscriptions = slices.Clone(r.Subscriptions)
	c.Extra = maps.Clone(r.Extra)
	if err := change(&c); err != nil {
		return nil, err
	}
	if c.ID != r.ID || c.Principal != r.Principal || c.Transport != r.Transport || !c.Created.Equal(r.Created) {
		return nil, ErrBound
	}
	return &c, nil
}
