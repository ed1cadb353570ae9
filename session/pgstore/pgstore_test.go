package pgstore_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/tandem-go/tandem/internal/pgtest"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/sessiontest"
)

// The driver keeps the contract that all drivers keep.
func TestContract(t *testing.T) {
	url := pgtest.Start(t).URL("postgres")
	sessiontest.Exercise(t, func(t *testing.T, l session.Limits) func() session.Store {
		o := options(l)
		o.Schema = strings.ToLower(rand.Text())
		return func() session.Store { return open(t, url, o) }
	})
}

// What the contract does not say, on one server that stays.
func TestStore(t *testing.T) {
	server := pgtest.Start(t)
	for name, test := range map[string]func(*testing.T, *pgtest.Server){
		"lost replies":           lostReplies,
		"zombie":                 zombie,
		"killed replica":         killedReplica,
		"listen connection ends": listenConnectionEnds,
		"large signals":          largeSignals,
		"caps under load":        capsUnderLoad,
		"stress":                 stress,
		"many replicas":          manyReplicas,
		"migrate":                migrate,
		"shared pool":            sharedPool,
		"forgeries":              forgeries,
		"anything":               anything,
		"linearizable":           linearizable,
		"doors share sessions":   doorsShareSessions,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, server)
		})
	}
}
