package calendar

import _ "embed"

// Demonstration holds the school holidays of zones A, B and C from September 2025, months before a demonstration begins, to the summer of
// 2027, in the form that Load reads. It lets a demonstration count days as a school does; an academy loads the ministry's own file.
//
//go:embed demonstration.csv
var Demonstration []byte
