// Package picture draws the pictures of the README as SVG: downloads as they go on
// ([Downloads], which moves) and figures as bars ([Bars]).
//
// A picture is one file without scripts that loads nothing, so it moves where it is an image,
// too. It has a background of its own and is readable on light and dark pages. Where
// animations are not wanted (prefers-reduced-motion) or not known, it shows how things ended.
package picture
