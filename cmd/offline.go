package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/pipeline"
)

// offline says through which pipeline captures go without being sent: one of
// configuration files, or that which the original options stand for.
type offline struct {
	paths    []string
	pipeline string
	options  options
	flags    *pflag.FlagSet
}

// registerOffline declares --config, --pipeline and the original options, of which the
// short -c is taken and some mean nothing here.
func (a *app) registerOffline(c *cobra.Command, o *offline) {
	addConfigFlag(c, &o.paths)
	c.Flags().StringVar(&o.pipeline, "pipeline", "", "`NAME` of the pipeline, if the files declare several")
	o.originals(c.Flags())
	completeFlag(c, "pipeline", a.completePipelines(&o.paths))
	completeFlag(c, "iface", completeInterfaces)
}

// originals declares the original options in flags.
func (o *offline) originals(flags *pflag.FlagSet) {
	originals := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.options.register(originals, "")
	iface := originals.Lookup("iface")
	iface.Usage = strings.TrimSuffix(iface.Usage, " (required)") // nothing is opened
	originals.VisitAll(func(f *pflag.Flag) {
		if f.Name != "cpu" && f.Name != "control" && f.Name != "print-config" {
			flags.AddFlag(f)
		}
	})
	o.flags, o.options.flags = flags, flags
}

// offlineSpec returns the pipeline's spec, checked as a daemon's would be.
func (a *app) offlineSpec(ctx context.Context, o *offline) (pipeline.Spec, error) {
	f, err := a.offlineFile(ctx, o)
	if err != nil {
		return pipeline.Spec{}, err
	}
	specs := f.Specs()
	i := slices.IndexFunc(specs, func(s pipeline.Spec) bool { return s.Name == o.pipeline })
	switch {
	case i >= 0:
	case o.pipeline != "":
		return pipeline.Spec{}, fmt.Errorf("--pipeline: there is no pipeline %q; choose from: %s", o.pipeline, pipelineNames(specs))
	case len(specs) > 1:
		return pipeline.Spec{}, fmt.Errorf("--pipeline is missing; choose from: %s", pipelineNames(specs))
	default:
		i = 0
	}
	specs[i].Program, specs[i].Stdin = a.UserAgent(), a.Stdin
	return specs[i], nil
}

func (a *app) offlineFile(ctx context.Context, o *offline) (*config.File, error) {
	if len(o.paths) > 0 {
		if name := o.originalOption(); name != "" {
			return nil, fmt.Errorf("--config and --%s can't be used together", name)
		}
		return a.Load(ctx, o.paths)
	}
	if o.options.iface == "" {
		o.options.iface = "replay" // any will do: nothing is opened
	}
	f, err := o.options.file()
	if err != nil {
		return nil, err
	}
	var mistakes config.Mistakes
	if err := a.Resolve(f); errors.As(err, &mistakes) {
		return nil, optionError(err)
	} else if err != nil {
		return nil, err
	}
	return f, nil
}

// originalOption returns the name of an original option that was given, if any.
func (o *offline) originalOption() (name string) {
	originals := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(options).register(originals, "")
	o.flags.Visit(func(f *pflag.Flag) {
		if originals.Lookup(f.Name) != nil {
			name = f.Name
		}
	})
	return name
}

func pipelineNames(specs []pipeline.Spec) (names string) {
	for i, s := range specs {
		if i > 0 {
			names += ", "
		}
		names += s.Name
	}
	return names
}
