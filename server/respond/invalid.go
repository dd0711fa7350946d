package respond

import (
	"errors"
	"strings"

	"okey/imports"
	"okey/okey"
)

// InField says of which field an error is.
func InField(field string, err error) error {
	if err == nil {
		return nil
	}
	return okey.InvalidField(field, "%s", okey.ErrorMessage(err))
}

// BadRows are the rows for which a delivery is refused; nothing of it is taken.
type BadRows struct{ Result *imports.Result }

func (b BadRows) Error() string { return "a delivery has bad rows" }

// Unwrap lets the error be answered as unprocessable.
func (b BadRows) Unwrap() error {
	return okey.Errorf(okey.CodeInvalid,
		"Rien n'a été pris : corrigez ce qui suit dans le fichier, puis renvoyez-le entier (anomalies : %d).", len(b.Result.Errors))
}

// InFile says that an error about a file as a whole, which names no other field, is about the field that carried it.
func InFile(err error) error {
	var known *okey.Error
	if errors.As(err, &known) && known.Code == okey.CodeInvalid && known.Field == "" {
		return okey.InvalidField("file", "%s", known.Message)
	}
	return err
}

// Invalid is everything that is wrong with what was typed, each with its field: people correct a form once.
type Invalid []*okey.Error

func (i Invalid) Error() string {
	texts := make([]string, len(i))
	for n, e := range i {
		texts[n] = e.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap lets errors.As and okey.ErrorCode see the first one.
func (i Invalid) Unwrap() []error {
	all := make([]error, len(i))
	for n, e := range i {
		all[n] = e
	}
	return all
}

// Add keeps what is invalid, to be told with the rest, and answers nil; any other error it answers as it is.
func (i *Invalid) Add(err error) error {
	if err == nil {
		return nil
	}
	if okey.ErrorCode(err) != okey.CodeInvalid {
		return err
	}
	*i = append(*i, AsError(err))
	return nil
}

// OrNil is i as an error, nil where nothing is wrong.
func (i Invalid) OrNil() error {
	if len(i) == 0 {
		return nil
	}
	return i
}
