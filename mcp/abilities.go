package mcp

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-go/tandem"
)

// abilities are what a client has declared that it can be asked.
type abilities struct{ form, url, sampling, roots bool }

// abilitiesOf reads ClientCapabilities. A revision that does not know a feature
// has nobody who could be asked by it.
func abilitiesOf(capabilities []byte, revision string) abilities {
	var c struct {
		Roots       jsontext.Value `json:"roots"`
		Sampling    jsontext.Value `json:"sampling"`
		Elicitation jsontext.Value `json:"elicitation"`
	}
	if len(capabilities) == 0 || json.Unmarshal(capabilities, &c) != nil {
		return abilities{}
	}
	can := abilities{roots: isObject(c.Roots), sampling: isObject(c.Sampling)}
	if revision >= rev20250618 && isObject(c.Elicitation) {
		can.form, can.url = elicitationModes(c.Elicitation, revision)
	}
	return can
}

// elicitationModes reads the capability elicitation: an empty one means forms,
// 2025-11-25, section "Elicitation", as it did where modes were not known.
func elicitationModes(capability []byte, revision string) (form, url bool) {
	var modes struct {
		Form jsontext.Value `json:"form"`
		URL  jsontext.Value `json:"url"`
	}
	if revision < rev20251125 || json.Unmarshal(capability, &modes) != nil {
		return true, false
	}
	url = isObject(modes.URL)
	return isObject(modes.Form) || !url, url
}

// has reports whether the question can be asked.
func (can abilities) has(q tandem.Question) bool {
	switch q.Method {
	case tandem.AskForm:
		return q.URLMode && can.url || !q.URLMode && can.form
	case tandem.AskSampling:
		return can.sampling
	case tandem.AskRoots:
		return can.roots
	}
	return false
}

// requiredCapability returns the ClientCapabilities that a question needs.
func requiredCapability(method string, urlMode bool) []byte {
	switch {
	case method == tandem.AskForm && urlMode:
		return []byte(`{"elicitation":{"url":{}}}`)
	case method == tandem.AskForm:
		return []byte(`{"elicitation":{"form":{}}}`)
	case method == tandem.AskSampling:
		return []byte(`{"sampling":{}}`)
	}
	return []byte(`{"roots":{}}`)
}

// questionParams returns a question's parameters as the revision has them: modes
// came with 2025-11-25, and 2026-07-28 has no ids of visits.
func questionParams(q tandem.Question, revision string) []byte {
	var drop string
	switch {
	case q.Method != tandem.AskForm:
		return q.Params
	case revision < rev20251125:
		drop = "mode"
	case q.URLMode && isModern(revision):
		drop = "elicitationId"
	default:
		return q.Params
	}
	out := []byte{'{'}
	s := scanner{data: q.Params}
	err := s.members(func(name []byte) error {
		value, err := s.value()
		if err != nil || string(unquote(name)) == drop {
			return err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, name...), ':'), value...)
		return nil
	})
	if err != nil { // not reachable: Ask refuses a question without parameters
		return q.Params
	}
	return append(out, '}')
}
