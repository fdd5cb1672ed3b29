package manual

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/pmtud/pmtud/cmd/internal/offline/catalog"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// PluginTable returns the plugins of one kind as a table in Markdown. link returns the
// address of the page of a plugin.
func PluginTable(plugins []pipeline.Plugin, kind pipeline.Kind, link func(pipeline.Plugin) string) string {
	t := "| type | what it does |\n|---|---|\n"
	for _, p := range plugins {
		if p.Kind == kind {
			t += fmt.Sprintf("| [`%s`](%s) | %s |\n", p.Type, link(p), cell(p.Summary))
		}
	}
	return t
}

// PluginText returns the settings, reasons and metrics of a plugin as tables in Markdown.
func PluginText(p pipeline.Plugin) string {
	info := catalog.Describe(p)
	text := SettingTable(info.Settings)
	if len(info.Reasons) > 0 {
		text += "\n| " + map[pipeline.Kind]string{
			pipeline.KindSource: "reason", pipeline.KindFilter: "reason to drop", pipeline.KindSink: "reason to fail",
		}[p.Kind] + " | meaning |\n|---|---|\n"
		for _, r := range info.Reasons {
			text += fmt.Sprintf("| `%s` | %s |\n", r.Name, cell(r.Doc))
		}
	}
	if len(info.Metrics) > 0 {
		text += "\n| metric | meaning |\n|---|---|\n"
		for _, m := range info.Metrics {
			text += fmt.Sprintf("| `%s` | %s |\n", m.Name, cell(metricText(m)))
		}
	}
	return text
}

// SettingTable returns settings as a table in Markdown.
func SettingTable(settings []setting.Info) string {
	if len(settings) == 0 {
		return "It has no settings.\n"
	}
	return "| setting | type | default | meaning |\n|---|---|---|---|\n" + settingRows("", settings)
}

func settingRows(section string, settings []setting.Info) (rows string) {
	for _, s := range settings {
		if s.Type == setting.Section {
			rows += settingRows(section+s.Name+".", s.Settings)
			continue
		}
		meaning := s.Doc
		if allowed := s.Allowed(); allowed != "" {
			meaning += " (" + allowed + ")"
		}
		rows += fmt.Sprintf("| `%s` | %s | %s | %s |\n", section+s.Name, s.Kind(), defaultCell(s), cell(meaning))
	}
	return rows
}

func defaultCell(s setting.Info) string {
	switch value := setting.Line(s.Default); {
	case s.Required:
		return "required"
	case value != "":
		return "`" + cell(value) + "`"
	}
	return ""
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
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(text)
}

// The first line of a generated part of a document has its name between these.
const (
	beginMark = "<!-- begin "
	madeBy    = ": made by \"make generate\" -->\n"
)

// Parts returns the names of the generated parts of a document in Markdown.
func Parts(document string) (names []string) {
	for line := range strings.Lines(document) {
		if rest, ok := strings.CutPrefix(line, beginMark); ok {
			if name, ok := strings.CutSuffix(rest, madeBy); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

// Replace returns a document in Markdown whose part between the comments
// "begin NAME" and "end NAME" is text.
func Replace(document, name, text string) (string, error) {
	begin, end := beginMark+name+madeBy, fmt.Sprintf("<!-- end %s -->\n", name)
	before, rest, ok := strings.Cut(document, begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", fmt.Errorf("replace %s: the lines %q and %q are not there", name, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + text + end + after, nil
}
