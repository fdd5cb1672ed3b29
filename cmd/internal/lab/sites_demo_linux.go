package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// DemoSites makes [RunSites] with services that are sockets of the servers and such that are
// containers, with each IP version, one after the other, and reports what came of it. It returns
// an error if anything was not as it must be.
func DemoSites(ctx context.Context, config SitesConfig, out io.Writer) error {
	fmt.Fprintln(out, "Two sites share one address.\nWhat is too big on the way to a site's clients is reported to the other site.")
	var errs []error
	for _, world := range []struct {
		name    string
		backend Backend
	}{{"sockets of the servers", OnServer}, {"a container of each server behind destination NAT", InContainer}} {
		for _, config.Family = range []Family{IPv4, IPv6} {
			config.Backend = world.backend
			fmt.Fprintf(out, "\n%v, %s\n", config.Family, world.name)
			results, _, err := RunSites(ctx, config)
			errs = append(errs, err)
			for _, r := range results {
				reportLine(out, r.String())
				errs = append(errs, r.Check())
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
		}
	}
	return errors.Join(errs...)
}
