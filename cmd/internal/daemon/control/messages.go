package control

import (
	"net/netip"
	"time"
)

// Messages is the answer to GET /api/messages: the last message about the path to each of the last
// clients, up to about 4,000 for each pipeline, in no order.
type Messages struct {
	Messages []Message `json:"messages"`
}

// Message is a message that the daemon has seen, whether it was forwarded or not.
type Message struct {
	Client netip.Addr `json:"client"`
	Router netip.Addr `json:"router"` // that sent it; of a copy by the sink peers, the server
	MTU    uint32     `json:"mtu"`
	Time   time.Time  `json:"time"`
}

// Messages returns the last message about each of the last clients.
func (d Daemon) Messages() Messages {
	answer := Messages{[]Message{}}
	for _, m := range d.Live.Messages() {
		answer.Messages = append(answer.Messages, Message{m.Client, m.Router, m.MTU, m.At})
	}
	return answer
}
