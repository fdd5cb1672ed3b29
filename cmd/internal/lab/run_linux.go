package lab

import (
	"context"
	"errors"
	"net/netip"

	"golang.org/x/net/bpf"
)

// Run makes one experiment: it builds the network, starts pmtud if the
// configuration has it, makes the downloads and removes everything. An error
// means that the lab failed; what the downloads made of it is in the result.
func Run(ctx context.Context, config Config) (Result, error) {
	n, err := Build(config)
	if err != nil {
		return Result{}, err
	}
	result, err := n.run(ctx)
	return result, errors.Join(err, n.Close())
}

func (n *Network) run(ctx context.Context) (Result, error) {
	var downloads []Download
	traffic, exits, err := n.observe(ctx, func(ctx context.Context, _ []*sniffer) (err error) {
		downloads, err = n.serveDownloads(ctx)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return newResult(n, downloads, traffic, exits), nil
}

func (n *Network) serveDownloads(ctx context.Context) ([]Download, error) {
	ctx, cancel := context.WithCancel(ctx)
	wait, err := n.serve(ctx)
	defer wait()
	defer cancel()
	if err != nil {
		return nil, err
	}
	return n.download(ctx)
}

// observe calls experiment while pmtud runs and the sniffers watch the LANs.
func (n *Network) observe(ctx context.Context, experiment func(context.Context, []*sniffer) error) (Traffic, []Exit, error) {
	sniffers, err := n.sniff(onlyPTBs)
	if err == nil {
		err = n.prepare()
	}
	var exits []Exit
	if err == nil {
		exits, err = n.withDaemons(ctx, func() error { return experiment(ctx, sniffers) })
	}
	traffic, e := n.tally(sniffers)
	return traffic, exits, errors.Join(err, e)
}

func (n *Network) sniff(filter []bpf.Instruction) ([]*sniffer, error) {
	var sniffers []*sniffer
	for _, lan := range n.LANs {
		s, err := newSniffer(lan, filter)
		if err != nil {
			return sniffers, err
		}
		sniffers = append(sniffers, s)
	}
	return sniffers, nil
}

func (n *Network) prepare() error {
	if n.Config.Prepare == nil {
		return nil
	}
	for _, s := range n.Servers {
		if err := n.Config.Prepare(n, s); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) withDaemons(ctx context.Context, experiment func() error) ([]Exit, error) {
	daemons, err := n.startDaemons(ctx)
	if err == nil {
		err = experiment()
	}
	return stopDaemons(daemons), err
}

// tally counts what the sniffers saw and closes them.
func (n *Network) tally(sniffers []*sniffer) (Traffic, error) {
	names := n.names()
	traffic := newTraffic()
	var errs []error
	for _, s := range sniffers {
		traffic.add(s.seen(), n.hopAddr(), names)
		lost, err := s.lost()
		traffic.Lost += lost
		errs = append(errs, err, s.close())
	}
	return traffic, errors.Join(errs...)
}

// hopAddr returns the address that the hop sends PTBs from.
func (n *Network) hopAddr() netip.Addr { return host(n.Config.Family.transit(), 1).Addr() }

// names returns the servers' names by hardware address.
func (n *Network) names() map[string]string {
	names := map[string]string{}
	for _, s := range n.Servers {
		names[s.MAC.String()] = s.Name
	}
	return names
}
