package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// oldest is the oldest version of Redis that is supported.
var oldest = [2]int{6, 2}

// checkEngine looks whether the engine serves, is one that can, and keeps what
// it is given.
func (s *Store) checkEngine(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	if err := s.client.Ping(bounded).Err(); err != nil {
		return s.unavailable(ctx, err)
	}
	if c, ok := s.client.(*redis.ClusterClient); ok {
		return c.ForEachMaster(bounded, func(ctx context.Context, node *redis.Client) error { return s.checkNode(ctx, node) })
	}
	return s.checkNode(bounded, s.client)
}

func (s *Store) checkNode(ctx context.Context, node redis.Cmdable) error {
	text, err := node.Info(ctx).Result()
	if err != nil {
		s.options.Logger.WarnContext(ctx, "redisstore: the engine's version and settings could not be checked", "error", err)
		return nil
	}
	i := parseInfo(text)
	if err := i.check(s.address.cluster); err != nil {
		return fmt.Errorf("redisstore: %s: %w", s.address.shown, err)
	}
	for _, warning := range i.warnings() {
		s.options.Logger.WarnContext(ctx, "redisstore: "+warning, "engine", s.address.shown)
	}
	return nil
}

// info is what the engine says of itself.
type info map[string]string

func parseInfo(text string) info {
	i := info{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			i[name] = value
		}
	}
	return i
}

// check says why the engine cannot be used, if so.
func (i info) check(cluster bool) error {
	switch {
	case i["redis_version"] != "" && olderThan(i["redis_version"], oldest):
		return fmt.Errorf("version %s is too old: Redis %d.%d or newer is needed", i["redis_version"], oldest[0], oldest[1])
	case i["role"] == "slave":
		return fmt.Errorf("this is a read-only replica of Redis: name the primary in the URL")
	case i["cluster_enabled"] == "1" && !cluster:
		return fmt.Errorf("this is a node of a cluster: add ?cluster=true to the URL")
	case i["cluster_enabled"] == "0" && cluster:
		return fmt.Errorf("this is no cluster: take cluster=true out of the URL, and name one host")
	}
	return nil
}

// warnings says what may cost sessions.
func (i info) warnings() []string {
	var found []string
	if policy := i["maxmemory_policy"]; policy != "" && policy != "noeviction" {
		found = append(found, "the engine evicts keys when it is full, sessions with them: set maxmemory-policy noeviction, not "+policy)
	}
	if i["aof_enabled"] == "0" {
		found = append(found, "the engine does not log its writes, so that a restart may lose sessions: set appendonly yes")
	}
	return found
}

func olderThan(version string, than [2]int) bool {
	parts := append(strings.Split(version, "."), "0")
	major, errMajor := strconv.Atoi(parts[0])
	minor, errMinor := strconv.Atoi(parts[1])
	if errMajor != nil || errMinor != nil {
		return false
	}
	return major < than[0] || major == than[0] && minor < than[1]
}
