language-name = English
digit-group-separator = ,
dollars = ${ $whole }.{ $cents }
any-of = { $rest } or { $last }
