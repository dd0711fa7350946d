package mail

import (
	gomail "github.com/wneessen/go-mail"
)

// Limits of the dialogue, as tests skip time up to them.
const (
	CommandPatience = commandPatience
	AnswerPatience  = answerPatience
	Believed        = believed
)

// Call has the sender reach its relay in another way than through the network.
func (s *Sender) Call(call gomail.DialContextFunc) { s.call = call }
