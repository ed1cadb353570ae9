package mcp

import "slices"

// The notifications of changes.
const (
	noticeTools     = "notifications/tools/list_changed"
	noticeResources = "notifications/resources/list_changed"
	noticePrompts   = "notifications/prompts/list_changed"
	noticeUpdated   = "notifications/resources/updated"
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
	for _, uri := range c.updated {
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
var everything = filter{tools: true, resources: true, prompts: true, everyURI: true}

// subscribed keeps of the updated resources those that the session subscribed to.
func (c *changes) subscribed(uris []string) {
	c.updated = slices.DeleteFunc(c.updated, func(uri string) bool { return !slices.Contains(uris, uri) })
}
