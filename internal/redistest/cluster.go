package redistest

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"
)

// Cluster is three servers that share the slots.
type Cluster struct {
	Nodes []*Server
}

// StartCluster starts a cluster and stops it when tb ends. See [Start].
func StartCluster(tb testing.TB, args ...string) *Cluster {
	tb.Helper()
	need(tb, "redis-server")
	need(tb, "redis-cli")
	password := rand.Text()
	c := &Cluster{}
	create := []string{"--cluster", "create"}
	for range 3 {
		node := start(tb, password, append([]string{"--cluster-enabled", "yes", "--cluster-node-timeout", "2000"}, args...))
		c.Nodes = append(c.Nodes, node)
		create = append(create, node.Addr())
	}
	c.Nodes[0].CLI(tb, append(create, "--cluster-yes")...)
	for _, node := range c.Nodes {
		c.awaitAgreement(tb, node)
	}
	return c
}

// URL returns the cluster's URL, which names each node.
func (c *Cluster) URL() string {
	var hosts []string
	for _, node := range c.Nodes {
		hosts = append(hosts, node.Addr())
	}
	return c.Nodes[0].URLAt(strings.Join(hosts, ",")) + "?cluster=true"
}

// awaitAgreement waits until the node knows of all slots.
func (c *Cluster) awaitAgreement(tb testing.TB, node *Server) {
	tb.Helper()
	for deadline := time.Now().Add(startTimeout); !strings.Contains(node.CLI(tb, "CLUSTER", "INFO"), "cluster_state:ok"); time.Sleep(dialInterval) {
		if time.Now().After(deadline) {
			tb.Fatal("the cluster's nodes do not agree")
		}
	}
}
