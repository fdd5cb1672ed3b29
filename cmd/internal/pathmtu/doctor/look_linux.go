package doctor

import (
	"context"
	"fmt"
	"sync"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/netspace"
)

// look looks at each namespace, and at the gateways of this process's while connections are
// watched.
func look(ctx context.Context, o Options, r *Report) error {
	o.Progress("examining settings, interfaces and firewall rules")
	var routes *routing
	for _, s := range o.Spaces {
		err := s.Do(func() error {
			found, err := lookAt(s, o, r)
			if s.IsOwn() {
				routes = found
			}
			return err
		})
		if err != nil {
			r.unseen(err.Error())
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	o.Progress("watching connections, probing the gateways")
	var probing sync.WaitGroup
	gateways := &Report{}
	if routes != nil {
		probing.Go(func() { gateways.probe(ctx, routes.gateways) })
	}
	err := r.connections(ctx, o.Spaces)
	probing.Wait()
	for _, f := range gateways.Findings {
		r.add(f)
	}
	return err
}

// lookAt looks at what does not take time, in the calling thread's namespace.
func lookAt(s *netspace.Space, o Options, r *Report) (*routing, error) {
	routes, err := readRouting()
	if err != nil {
		return nil, fmt.Errorf("routes: %w", err)
	}
	local := &Report{}
	local.sysctls(routes)
	local.interfaces(routes)
	local.firewall(routes, o.Peers && s.IsOwn())
	if s.IsOwn() {
		local.senders(routes)
	}
	for _, f := range local.Findings {
		f.Namespace = s.Name
		r.add(f)
	}
	for _, text := range local.Unseen {
		r.unseen(text)
	}
	return routes, nil
}
