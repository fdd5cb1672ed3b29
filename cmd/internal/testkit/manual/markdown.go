package manual

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// PluginTable returns the plugins as a table in Markdown.
func PluginTable(plugins []pipeline.Plugin) string {
	t := "| kind | type | what it does | settings (default) |\n|---|---|---|---|\n"
	for _, p := range plugins {
		info := config.Describe(p)
		t += fmt.Sprintf("| %s | `%s` | %s | %s |\n", info.Kind, info.Type, cell(info.Summary), settingsCell(info.Settings))
	}
	return t
}

// maxCells is the number of settings of a plugin that a table has room for.
const maxCells = 8

func settingsCell(settings []setting.Info) string {
	var items []string
	for i, s := range settings {
		if len(settings) > maxCells && i == maxCells-1 {
			items = append(items, fmt.Sprintf("and %d more", len(settings)-i))
			break
		}
		item := "`" + s.Name + "`"
		if value := setting.Line(s.Default); s.Required {
			item += " (required)"
		} else if value != "" {
			item += " (" + cell(value) + ")"
		}
		items = append(items, item)
	}
	return strings.Join(items, ", ")
}

// OptionTable returns the options of a command as a table in Markdown.
func OptionTable(flags *pflag.FlagSet) string {
	t := "| option | meaning |\n|---|---|\n"
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		usage := strings.TrimPrefix(f.Usage, "``") // which says that there is no value
		option := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			option = "`-" + f.Shorthand + "`, " + option
		}
		t += fmt.Sprintf("| %s | %s |\n", option, cell(usage+defaultOf(f)))
	})
	return t
}

// cell writes text so that it does not end a cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// Replace returns a document in Markdown whose part between the comments
// "begin NAME" and "end NAME" is text.
func Replace(document, name, text string) (string, error) {
	begin, end := fmt.Sprintf("<!-- begin %s: made by \"make generate\" -->\n", name), fmt.Sprintf("<!-- end %s -->\n", name)
	before, rest, ok := strings.Cut(document, begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", fmt.Errorf("replace %s: the lines %q and %q are not there", name, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + text + end + after, nil
}
