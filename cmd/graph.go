package cmd

import (
	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/offline/graph"
)

func (a *app) graphCommand() *cobra.Command {
	var paths []string
	var format *choice
	c := &cobra.Command{
		Use:   "graph -c FILE|DIR [-c ...]",
		Short: "draw the pipelines",
		Long: `Graph draws the declared pipelines, each stage with the settings that the files
give it: as text, as a Mermaid flowchart, which code hosts render in Markdown,
or for Graphviz. Keys are hidden.`,
		Example: `  pmtud graph -c edge.yaml
  pmtud graph -c edge.yaml --format dot | dot -Tsvg > edge.svg`,
		Args:                  noOperands,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, _ []string) error {
			f, err := a.Load(c.Context(), paths)
			if err != nil {
				return err
			}
			return graph.Write(a.Stdout, format.value, f)
		},
	}
	addConfigFlag(c, &paths)
	format = addFormatFlag(c, graph.Text, graph.Mermaid, graph.DOT)
	return c
}
