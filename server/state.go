package server

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/mcp"
)

// stateCollector reads the figures of pools, sessions and streams when somebody
// asks for them.
type stateCollector struct {
	service *tandem.Service
	door    *mcp.Door // nil where no MCP door is served

	draining *atomic.Bool
}

var (
	serviceInfo  = describe("tandem_service_info", "The service; always 1.", "service", "version")
	draining     = describe("tandem_draining", "1 while the service is on its way down, else 0.")
	mcpSessions  = describe("tandem_mcp_sessions", "Sessions of the MCP revisions that have them, where the store counts them.")
	mcpStreams   = describe("tandem_mcp_streams", "Standing MCP streams that are open.")
	mcpInFlight  = describe("tandem_mcp_requests_in_flight", "MCP requests that are being served.")
	poolMax      = describe("tandem_pool_max_connections", "Most connections of the pool; 0 means no limit.", "resource")
	poolOpen     = describe("tandem_pool_open_connections", "Connections of the pool.", "resource")
	poolInUse    = describe("tandem_pool_in_use_connections", "Connections that are lent.", "resource")
	poolIdle     = describe("tandem_pool_idle_connections", "Connections that wait.", "resource")
	poolWaits    = describe("tandem_pool_waits_total", "How often a caller waited for a connection.", "resource")
	poolWaitTime = describe("tandem_pool_wait_seconds_total", "How long callers waited for connections.", "resource")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// Describe sends what Collect may send.
func (c *stateCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		serviceInfo, draining, mcpSessions, mcpStreams, mcpInFlight, poolMax, poolOpen, poolInUse, poolIdle, poolWaits, poolWaitTime,
	} {
		out <- d
	}
}

// Collect sends the present figures.
func (c *stateCollector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(serviceInfo, 1, c.service.Name(), c.service.Version())
	down := 0.0
	if c.draining.Load() {
		down = 1
	}
	gauge(draining, down)
	if c.door != nil {
		stats := c.door.Stats()
		if stats.Sessions >= 0 {
			gauge(mcpSessions, float64(stats.Sessions))
		}
		gauge(mcpStreams, float64(stats.Streams))
		gauge(mcpInFlight, float64(stats.InFlight))
	}
	for _, r := range c.service.Managed() {
		if r.PoolStats != nil {
			collectPool(out, gauge, r.Name, r.PoolStats())
		}
	}
}

func collectPool(out chan<- prometheus.Metric, gauge func(*prometheus.Desc, float64, ...string), name string, s tandem.PoolStats) {
	gauge(poolMax, float64(s.Max), name)
	gauge(poolOpen, float64(s.Open), name)
	gauge(poolInUse, float64(s.InUse), name)
	gauge(poolIdle, float64(s.Idle), name)
	out <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue, float64(s.WaitCount), name)
	out <- prometheus.MustNewConstMetric(poolWaitTime, prometheus.CounterValue, s.WaitDuration.Seconds(), name)
}
