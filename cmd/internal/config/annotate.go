package config

import (
	"strings"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Annotate adds to each stage of f what its plugin does and all its settings with
// their meaning, those that are not set as comments: a configuration to begin with. The
// File must have been resolved without mistakes.
func (f *File) Annotate() {
	for i := range f.Pipelines {
		p := &f.Pipelines[i]
		for _, stages := range [][]Stage{p.Sources, p.Filters, p.Sinks} {
			annotate(stages)
		}
		for _, s := range p.Sinks {
			annotate(s.Filters)
		}
	}
}

func annotate(stages []Stage) {
	for i := range stages {
		s := &stages[i]
		s.Remarks.Above = []string{sentence(s.plugin.Summary)}
		s.Settings = annotated(s.Settings, s.plugin)
	}
}

// annotated returns all settings of a plugin, in the order of their declaration.
func annotated(written []Setting, p pipeline.Plugin) []Setting {
	var all []Setting
	for _, info := range Describe(p).Settings {
		setting := Setting{Name: info.Name}
		if w := find(written, info.Name); w != nil {
			setting = *w
		} else {
			setting.Value, setting.Remarks.Off = asWritten(info.Default), true
		}
		meaning := setting.meaning(info)
		if isNothing(setting.Value) {
			meaning += " Not set by default."
			setting.Value = asWritten(info.Example)
		}
		if setting.Value != nil {
			setting.Remarks.Above = Wrap(meaning, 76)
			all = append(all, setting)
		}
	}
	return all
}

// isNothing reports whether a value would say nothing of what may be written.
func isNothing(value any) bool {
	list, ok := value.([]any)
	return value == nil || value == "" || ok && len(list) == 0
}

// meaning returns a setting's doc, bounds and, where it is set, its default.
func (s Setting) meaning(info setting.Info) string {
	text := sentence(info.Doc)
	if allowed := info.Allowed(); allowed != "" {
		text += " Allowed: " + allowed + "."
	}
	if preset := setting.Line(info.Default); !s.Remarks.Off && preset != "" {
		text += " Default: " + preset + "."
	}
	return text
}

// Wrap breaks text into lines of at most width characters, where words allow it.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
