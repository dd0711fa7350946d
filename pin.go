package okey

import "strings"

// CheckPIN answers invalid, with field pin, unless the PIN has 4 to 8 digits and is none of: all digits equal, wholly rising or
// falling by one, contained in the serial. Nothing else is refused (DESIGN section 6). The message never repeats the PIN.
func CheckPIN(pin string, serial Serial) error {
	refuse := func(why string) error { return &Error{Code: CodeInvalid, Field: "pin", Message: why} }
	if len(pin) < 4 || len(pin) > 8 || strings.Trim(pin, "0123456789") != "" {
		return refuse("Le code PIN compte 4 à 8 chiffres, sans espace.")
	}
	switch {
	case steps(pin, 0):
		return refuse("Ce code PIN répète un seul chiffre : choisissez-en un autre.")
	case steps(pin, 1), steps(pin, -1):
		return refuse("Ce code PIN est une suite : choisissez-en un autre.")
	case serial != "" && strings.Contains(string(serial), pin):
		return refuse("Ce code PIN se lit sur la clef, dans son numéro de série : choisissez-en un autre.")
	}
	return nil
}

// steps tells whether each digit is the one before plus by.
func steps(pin string, by int) bool {
	for i := 1; i < len(pin); i++ {
		if int(pin[i])-int(pin[i-1]) != by {
			return false
		}
	}
	return true
}
