package apikey

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// line is a record in a file. It has no LastUsed, which is kept apart so that
// using a key does not change the file.
type line struct {
	ID      string    `json:"id"`
	Name    string    `json:"name,omitzero"`
	Digest  Digest    `json:"digest"`
	Scopes  []string  `json:"scopes,omitempty"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
	Revoked time.Time `json:"revoked,omitzero"`
}

// parse reads the lines of a file; empty ones count for nothing. A member that is
// unknown is a mistake, since "expire" instead of "expires" would make a key for
// ever. The error names the line.
func parse(content []byte) ([]Record, error) {
	var records []Record
	seen := map[string]int{}
	number := 0
	for text := range bytes.Lines(content) {
		number++
		text = bytes.TrimSpace(text)
		if len(text) == 0 {
			continue
		}
		r, err := parseLine(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if first := seen[r.ID]; first > 0 {
			return nil, fmt.Errorf("line %d: the key %s is in line %d already", number, r.ID, first)
		}
		seen[r.ID] = number
		records = append(records, r)
	}
	return records, nil
}

func parseLine(text []byte) (Record, error) {
	var l line
	if err := json.Unmarshal(text, &l, json.RejectUnknownMembers(true)); err != nil {
		return Record{}, errors.New("it is not one record as tandem keys writes it: " + jsonCause(err))
	}
	r := Record{
		ID: l.ID, Name: l.Name, Digest: l.Digest, Scopes: l.Scopes,
		Created: l.Created.UTC(), Expires: l.Expires.UTC(), Revoked: l.Revoked.UTC(),
	}
	return r, r.check()
}

// jsonCause returns what is wrong without Go's types.
func jsonCause(err error) string {
	if e, ok := errors.AsType[*json.SemanticError](err); ok && e.JSONPointer != "" {
		if e.Err != nil {
			return fmt.Sprintf("%s: %v", e.JSONPointer, e.Err)
		}
		return fmt.Sprintf("%s: it cannot be a JSON %s", e.JSONPointer, e.JSONKind)
	}
	return err.Error()
}

// format writes the lines of a file.
func format(records []Record) ([]byte, error) {
	var b bytes.Buffer
	for _, r := range records {
		text, err := json.Marshal(line{r.ID, r.Name, r.Digest, r.Scopes, r.Created, r.Expires, r.Revoked})
		if err != nil {
			return nil, err
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}
