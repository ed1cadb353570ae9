package jwt

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var errNoKeys = errors.New("the issuer's document has no key that can verify tokens")

// keySet are the keys of an issuer at one time. It is immutable.
type keySet struct {
	byID  map[string][]*key // several of one id are for different algorithms
	asked time.Time         // since when a withdrawn key may be among them
}

// find returns the one key of that id which is for the algorithm, nil if there is
// none.
func (s *keySet) find(id string, a algorithm) *key {
	for _, k := range s.byID[id] {
		if k.fits(a) {
			return k
		}
	}
	return nil
}

// parseKeySet reads a JWK Set (RFC 7517, section 5) that is known to be a JSON object
// without duplicate names. Keys that cannot verify tokens are left out, and reported
// as faults. previous is nil or has the keys that are kept if they are still there.
func parseKeySet(document []byte, asked time.Time, previous *keySet) (set *keySet, faults []error, err error) {
	var members struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(document, &members); err != nil {
		return nil, nil, errors.New("the issuer's keys are malformed")
	}
	set = &keySet{byID: map[string][]*key{}, asked: asked}
	for i, raw := range members.Keys {
		k, err := parseKey(raw)
		if err != nil {
			faults = append(faults, fmt.Errorf("key %d is left out: %w", i+1, err))
			continue
		}
		set.add(previous.same(k))
	}
	faults = append(faults, set.dropAmbiguous()...)
	if len(set.byID) == 0 {
		return nil, faults, errors.Join(append([]error{errNoKeys}, faults...)...)
	}
	return set, faults, nil
}

// same returns the set's own key that is equal to k, or k.
func (s *keySet) same(k *key) *key {
	if s == nil {
		return k
	}
	if i := slices.IndexFunc(s.byID[k.id], k.equal); i >= 0 {
		return s.byID[k.id][i]
	}
	return k
}

func (s *keySet) add(k *key) {
	if !slices.ContainsFunc(s.byID[k.id], k.equal) {
		s.byID[k.id] = append(s.byID[k.id], k)
	}
}

// dropAmbiguous leaves out all keys of an id of which two are for one algorithm:
// which of them is meant would be a guess.
func (s *keySet) dropAmbiguous() (faults []error) {
	for id, keys := range s.byID {
		for i, k := range keys {
			if slices.ContainsFunc(keys[i+1:], k.collides) {
				delete(s.byID, id)
				faults = append(faults, fmt.Errorf("several keys with the id %.40q are left out", id))
				break
			}
		}
	}
	return faults
}
