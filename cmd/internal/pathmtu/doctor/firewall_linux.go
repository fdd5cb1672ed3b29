package doctor

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/firewall"
)

// firewall looks for rules that drop the messages.
func (r *Report) firewall(routes *routing, peers bool) {
	rules, err := firewall.Read()
	switch {
	case errors.Is(err, unix.EPERM):
		r.unseen("firewall rules: CAP_NET_ADMIN is missing; run this as root")
		return
	case err != nil:
		r.unseen("firewall rules: " + err.Error())
		return
	}
	if err := rules.AddLegacy(); err != nil {
		r.unseen("legacy firewall rules (iptables-legacy -S and ip6tables-legacy -S show them): " + strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	for _, link := range routes.uplinks {
		m := firewall.Message{Interface: link.Attrs().Name, Index: link.Attrs().Index}
		for _, m.IPv6 = range []bool{false, true} {
			r.dropped(rules, m, "arrives on "+m.Interface, "this host does not learn path MTUs: its connections hang")
			if peers {
				m := m
				m.Invalid = true
				r.dropped(rules, m, "another host readdressed (conntrack: invalid)", "copies that the sink peers sends do not arrive")
			}
			if forwards(m.IPv6) {
				m := m
				m.Out = true
				r.dropped(rules, m, "this router sends on "+m.Interface, "it is a black hole: senders do not learn that their packets are too big")
			}
		}
	}
}

func (r *Report) dropped(rules *firewall.Rules, m firewall.Message, which, why string) {
	drop, ok := rules.Check(m)
	if !ok {
		return
	}
	version := "IPv4"
	if m.IPv6 {
		version = "IPv6"
	}
	r.add(Finding{
		Level: hostcheck.Problem, Subject: fmt.Sprintf("%s \"packet too big\" that %s", version, which),
		State: fmt.Sprintf("is dropped by %v", drop), Why: why, Do: drop.Mend(m),
	})
}
