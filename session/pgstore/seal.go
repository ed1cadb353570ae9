package pgstore

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tandem-go/tandem/session"
)

// bound names what a sealed text belongs to; the length of each part keeps them apart.
func bound(parts ...string) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

// sealRecord leaves out what has a column. The raw parts stay as they are,
// escapes and all.
func (s *settings) sealRecord(r session.Record) (string, error) {
	to := bound("record", r.ID, r.Principal)
	r.ID, r.Principal, r.Created, r.LastSeen = "", "", time.Time{}, time.Time{}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return "", fmt.Errorf("pgstore: the record: %w", err)
	}
	return s.keys.Seal(b.Bytes(), to), nil
}

// openRecord is ErrNotFound for what it cannot verify.
func (s *settings) openRecord(id, principal, sealed string) (r session.Record, err error) {
	text, err := s.keys.Open(sealed, bound("record", id, principal))
	if err != nil {
		s.Logger.Warn("pgstore: a session's record was not sealed by Options.Secrets")
		return r, session.ErrNotFound
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("pgstore: the record of a session: %w", err)
	}
	r.ID, r.Principal = id, principal
	return r, nil
}

// sealRerun returns nil for a call that must not run twice.
func (s *settings) sealRerun(c *session.CallStart) *string {
	if c.Rerun == nil {
		return nil
	}
	sealed := s.keys.Seal(c.Rerun, bound("rerun", c.Session, c.Call))
	return &sealed
}

// openRerun drops what it cannot verify: the call then counts as one that must
// not run twice.
func (s *settings) openRerun(sess, call string, sealed *string) []byte {
	if sealed == nil {
		return nil
	}
	rerun, err := s.keys.Open(*sealed, bound("rerun", sess, call))
	if err != nil {
		s.Logger.Warn("pgstore: a call's Rerun was not sealed by Options.Secrets", "call", call)
		return nil
	}
	return nonNil(rerun)
}

func (s *settings) sealSignal(sig *session.Signal) string {
	return s.keys.Seal(sig.Payload, bound("signal", sig.Session, sig.Call, sig.Kind))
}

// openSignal sets the payload, and reports whether the signal is a replica's.
func (s *settings) openSignal(sig *session.Signal, sealed string) bool {
	payload, err := s.keys.Open(sealed, bound("signal", sig.Session, sig.Call, sig.Kind))
	if err != nil {
		s.Logger.Warn("pgstore: a signal was not sealed by Options.Secrets", "kind", sig.Kind)
		return false
	}
	sig.Payload = payload
	return true
}

// nonNil keeps empty apart from nil, which has a meaning.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
