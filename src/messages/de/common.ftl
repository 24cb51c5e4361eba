language-name = Deutsch
digit-group-separator = .
dollars = { $whole },{ $cents } $
any-of = { $rest } oder { $last }
