package mcp

import (
	"slices"

	"github.com/tandem-go/tandem/session"
)

// The notifications of changes.
const (
	noticeTools     = "notifications/tools/list_changed"
	noticeResources = "notifications/resources/list_changed"
	noticePrompts   = "notifications/prompts/list_changed"
	noticeUpdated   = "notifications/resources/updated"
	noticeVisited   = "notifications/elicitation/complete"
	noticeListening = "notifications/subscriptions/acknowledged"
)

const metaSubscription = "io.modelcontextprotocol/subscriptionId"

// notices returns the notifications of the changes. subscription is the raw id of
// the request that asked for them; nil in a legacy session.
func (c *changes) notices(subscription []byte) [][]byte {
	var all [][]byte
	for _, list := range []struct {
		changed bool
		method  string
	}{{c.tools, noticeTools}, {c.resources, noticeResources}, {c.prompts, noticePrompts}} {
		if list.changed {
			all = append(all, notice(list.method, subscription, nil))
		}
	}
	for _, id := range c.visited.all {
		all = append(all, notice(noticeVisited, subscription, appendString([]byte(`"elicitationId":`), []byte(id))))
	}
	for _, uri := range c.updated.all {
		all = append(all, notice(noticeUpdated, subscription, appendString([]byte(`"uri":`), []byte(uri))))
	}
	return all
}

// notice returns a notification with the members of its parameters.
func notice(method string, subscription, members []byte) []byte {
	b := append([]byte(nil), `{"jsonrpc":"2.0","method":"`+method+`"`...)
	if subscription != nil {
		meta := slices.Concat([]byte(`"_meta":{"`+metaSubscription+`":`), subscription, []byte("}"))
		if members != nil {
			meta = append(meta, ',')
		}
		members = append(meta, members...)
	}
	if members != nil {
		b = append(append(append(b, `,"params":{`...), members...), '}')
	}
	return append(b, '}')
}

// everything is the filter of a legacy session, whose client is told of every
// list, and which looks up its subscriptions when resources were updated.
var everything = filter{tools: true, resources: true, prompts: true, session: true}

// of keeps what concerns the session: the resources that it subscribed to, and the
// visits that it was asked for.
func (c *changes) of(r *session.Record) {
	c.updated.keep(r.Subscriptions)
	c.visited.keep(visitsOf(r))
}
