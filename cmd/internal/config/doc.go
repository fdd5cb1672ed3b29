// Package config turns configuration files into pipelines' specs.
//
// A file goes through these steps:
//
//	read      its text becomes nested maps and lists, and an index from the path
//	          of every key and value to its line and column (yaml.go, toml.go)
//	shape     the maps become the tree of [File], [Pipeline], [Stage], [Setting]
//	resolve   the settings of the top level are decoded into [Global]; each stage
//	          finds its plugin, its settings are decoded into the plugin's
//	          struct, and the stage is built on trial
//
// No step stops at a mistake: each leaves out what it could not understand, so
// that one run finds every mistake of every file. The result is either a File
// without mistakes or [Mistakes], each with its place, the line and a hint.
//
// A File may also be made in code. [File.Resolve] treats it as [Load] treats one
// that was read, and [Marshal] writes either so that Load reads the same File.
//
// # Settings
//
// What may stand in a file is what structs say: those of the plugins for a stage, and
// Global for the top level. Their fields and tags are all there is of a setting; to
// add one is to add a field. Settings of the top level may hold others (`http.listen`).
//
// # Values
//
// YAML, TOML and JSON give the same few kinds of value: text (string), true and
// false (bool), numbers, lists, and settings with names ([Table]). A number stays the text that was written
// ([Number]) until the field is known that it is for; so 2^64-1 stays exact, 1.5
// is never cut to 1, and a field that is parsed from text sees 80 as "80".
// Nothing else is converted, but a single value stands for a list of one.
//
// # Strictness
//
// Keys must be spelt exactly as declared, once, and have a value. Several files
// are put together by one rule: pipelines are added up, and a name or a top-level
// key that stands in two places is a mistake.
package config
