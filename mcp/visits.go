package mcp

import (
	"context"
	"encoding/json"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

const (
	extraVisits = "visits" // in a record: the ids of the last visits, a JSON array
	maxVisits   = 32
)

// visitsOf returns the ids of the visits that the session was asked for last.
func visitsOf(r *session.Record) []string {
	var ids []string
	if raw := r.Extra[extraVisits]; raw != nil && json.Unmarshal(raw, &ids) != nil {
		return nil // not reachable: only noteVisit writes it
	}
	return ids
}

// noteVisit notes that the session is asked for a visit, so that its client alone
// is told of the end: 2025-11-25, section "Completion Notifications for URL Mode
// Elicitation".
func (d *Door) noteVisit(ctx context.Context, x *exchange, q tandem.Question) error {
	var params struct {
		ID string `json:"elicitationId"`
	}
	if err := json.Unmarshal(q.Params, &params); err != nil {
		return err
	}
	return d.update(ctx, x, func(r *session.Record) error {
		ids := append(visitsOf(r), params.ID)
		raw, err := json.Marshal(ids[max(0, len(ids)-maxVisits):])
		if err != nil {
			return err
		}
		if r.Extra == nil {
			r.Extra = map[string]json.RawMessage{}
		}
		r.Extra[extraVisits] = raw
		return nil
	})
}
