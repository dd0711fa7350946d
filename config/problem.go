package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Problem is one setting that is wrong or missing, told to the operator in French.
type Problem struct {
	Name   string // of the environment variable
	Value  string // as written; shown unless Secret
	Secret bool
	What   string // is wrong with it
	Do     string // what to do
}

// String is one line: the variable, its value unless it is secret, what is wrong, what to do.
func (p Problem) String() string {
	shown := p.Name
	if p.Value != "" && !p.Secret {
		shown += " = « " + p.Value + " »"
	}
	return fmt.Sprintf("%s : %s. %s", shown, p.What, p.Do)
}

// Problems is all that is wrong with a configuration, an error of one line each.
type Problems []Problem

func (p Problems) Error() string {
	title := "La configuration a un défaut :"
	if len(p) > 1 {
		title = fmt.Sprintf("La configuration a %d défauts :", len(p))
	}
	lines := []string{title}
	for _, problem := range p {
		lines = append(lines, "  "+problem.String())
	}
	return strings.Join(lines, "\n")
}

// Together is what several checks have found, each setting once.
func Together(checks ...error) error {
	var all Problems
	for _, err := range checks {
		var found Problems
		if err != nil && !errors.As(err, &found) {
			return err
		}
		for _, p := range found {
			if !named(all, p.Name) {
				all = append(all, p)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func named(problems []Problem, name string) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return p.Name == name })
}
