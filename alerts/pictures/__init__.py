"""Pictures in messages: a pair's ratio over its streak and the year.

``tail`` is the history that a picture needs, as it goes along with an alert; ``chart`` what is to
be seen, a pure value; ``wording`` the same in words; ``canvas`` what pictures share; ``localised``
the labels of the axes; ``drawing`` makes the PNG, and ``__main__`` is the process that does so
beside a worker; ``attaching`` puts it into a message, and ``takers`` says for which targets, and in
which locale.
"""
