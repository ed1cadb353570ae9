package redistest

import (
	"os"
	"strings"
	"testing"
)

// A server keeps its data over an outage, and leaves nothing behind.
func TestServer(t *testing.T) {
	var dir string
	t.Run("life", func(t *testing.T) {
		s := Start(t)
		dir = s.dir
		s.CLI(t, "SET", "kept", "1")
		s.Stop(t)
		if err := s.ping(t.Context()); err == nil {
			t.Error("a stopped server answers")
		}
		s.Restart(t)
		if got := s.CLI(t, "GET", "kept"); !strings.Contains(got, "1") {
			t.Errorf("after a restart the value is %q", got)
		}
		s.Pause(t)
		if err := s.ping(t.Context()); err == nil {
			t.Error("a server that is halted answers")
		}
		s.Resume(t)
		s.CLI(t, "GET", "kept")
	})
	if _, err := os.Stat(dir); dir != "" && !os.IsNotExist(err) {
		t.Errorf("the server's folder %s is still there: %v", dir, err)
	}
}

// A cluster has every slot.
func TestCluster(t *testing.T) {
	c := StartCluster(t)
	if got := c.Nodes[1].CLI(t, "CLUSTER", "INFO"); !strings.Contains(got, "cluster_slots_ok:16384") {
		t.Errorf("the cluster says %s", got)
	}
}

// The program that is missing fails the test where services are required.
func TestMissingProgramFailsWhereServicesAreRequired(t *testing.T) {
	for _, required := range []string{"", "1"} {
		t.Setenv("TANDEM_REQUIRE_SERVICES", required)
		probe := &recorder{TB: t}
		missing(probe, os.ErrNotExist)
		if probe.failed != (required == "1") || probe.skipped == probe.failed {
			t.Errorf("TANDEM_REQUIRE_SERVICES=%q: failed %v, skipped %v", required, probe.failed, probe.skipped)
		}
	}
}

// recorder notes how a test would end instead of ending it.
type recorder struct {
	testing.TB
	failed, skipped bool
}

func (r *recorder) Fatal(...any) { r.failed = true }
func (r *recorder) Skip(...any)  { r.skipped = true }
