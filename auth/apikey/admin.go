package apikey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-go/tandem"
)

// Keeper is where keys are kept, for those who make and revoke them: a [File] or
// an [SQL].
//
//   - Insert adds a record; it is there for every process once Insert has returned.
//     An ID that is taken already is an error.
//   - All returns every record, with LastUsed, in the order of their creation.
//   - SetRevoked revokes the key with this ID, unless it is revoked already.
type Keeper interface {
	Insert(ctx context.Context, r Record) error
	All(ctx context.Context) ([]Record, error)
	SetRevoked(ctx context.Context, id string, at time.Time) error
}

// Wanted says what a new key is to be. The zero value is a key without a name,
// without scopes and without an end.
type Wanted struct {
	Name    string
	Scopes  []string  // "*" means all
	Expires time.Time // zero means never
}

// Create makes a key and returns it, once and for all, with its record.
func Create(ctx context.Context, k Keeper, w Wanted) (tandem.Secret, Record, error) {
	now := time.Now()
	if !w.Expires.IsZero() && !w.Expires.After(now) {
		return "", Record{}, fmt.Errorf("the key would have expired already, at %s", stamp(w.Expires).Format(time.RFC3339))
	}
	key, id := newKey()
	r := Record{
		ID: id, Name: w.Name, Digest: digestOf(key.Reveal()), Scopes: slices.Clone(w.Scopes),
		Created: stamp(now), Expires: stamp(w.Expires),
	}
	if err := r.check(); err != nil {
		return "", Record{}, err
	}
	if err := k.Insert(ctx, r); err != nil {
		return "", Record{}, err
	}
	return key, r, nil
}

// stamp is a time as it is kept.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// ErrNotFound says that no key has an ID or a name.
var ErrNotFound = errors.New("there is no such key")

// Revoke revokes the key that has this ID, or else the only active key that has
// this name. It returns the record as it is afterwards, and whether it was revoked
// already. Several active keys of one name are an error that lists their IDs, no
// key at all is [ErrNotFound].
func Revoke(ctx context.Context, k Keeper, idOrName string) (r Record, already bool, err error) {
	all, err := k.All(ctx)
	if err != nil {
		return Record{}, false, err
	}
	found, err := find(all, idOrName, time.Now())
	if err != nil {
		return Record{}, false, err
	}
	if !found.Revoked.IsZero() {
		return found, true, nil
	}
	found.Revoked = stamp(time.Now())
	return found, false, k.SetRevoked(ctx, found.ID, found.Revoked)
}

// find returns the record that somebody means. A key that is revoked already is
// meant only if no other one can be.
func find(all []Record, idOrName string, now time.Time) (Record, error) {
	if i := slices.IndexFunc(all, func(r Record) bool { return r.ID == idOrName }); i >= 0 {
		return all[i], nil
	}
	var named, revoked []Record
	for _, r := range all {
		switch {
		case r.Name != idOrName || idOrName == "":
		case r.Status(now) == Revoked:
			revoked = append(revoked, r)
		default:
			named = append(named, r)
		}
	}
	switch {
	case len(named) == 1:
		return named[0], nil
	case len(named) > 1:
		return Record{}, fmt.Errorf("%d keys are named %q: say which one by its ID, %s", len(named), idOrName, ids(named))
	case len(revoked) > 0:
		return revoked[len(revoked)-1], nil
	}
	return Record{}, ErrNotFound
}

func ids(records []Record) string {
	var all []string
	for _, r := range records {
		all = append(all, r.ID)
	}
	return strings.Join(all, " or ")
}
