package doctor

import (
	"fmt"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
)

// senders looks for interfaces that more than one daemon sends on.
func (r *Report) senders(routes *routing) {
	for _, link := range routes.links {
		name := link.Attrs().Name
		pids := hostcheck.Senders(name)
		if len(pids) < 2 {
			continue
		}
		list := strings.ReplaceAll(strings.Trim(fmt.Sprint(pids), "[]"), " ", ", ")
		r.add(Finding{
			Level: hostcheck.Warning, Subject: "senders on " + name,
			State: fmt.Sprintf("are %d pmtud daemons, processes %s", len(pids), list),
			Why:   "each of them sends every message",
			Do:    "stop all but one: systemctl status " + fmt.Sprint(pids[0]) + " names its unit",
		})
	}
}
